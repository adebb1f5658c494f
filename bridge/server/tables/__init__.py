"""The server's database: who may ask, what it costs, what is to be done."""
