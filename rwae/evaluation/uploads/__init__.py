"""What happens to clips that a model does not know: measured on characters with strange parts."""
