"""Open Sound Control: strict packets, addresses, listening over UDP and TCP, and feedback."""
