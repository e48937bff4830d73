"""What a request passes before it is read, and how an answer leaves."""
