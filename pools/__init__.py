"""What a pool is and what the chain said of it; knows nothing of sockets."""
