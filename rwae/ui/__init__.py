"""The pages of R-WAE Studio, and what they may ask of the server."""
