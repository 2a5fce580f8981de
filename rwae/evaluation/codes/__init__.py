"""What is measured on the codes themselves, before anything is decoded."""
