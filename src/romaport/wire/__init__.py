"""The wire's own spelling: shapes, status words and request signatures, shared by server and client."""
