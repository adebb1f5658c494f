"""What every HTTP door needs: ranges, host and token checks, sockets, quiet logs."""
