"""The scores as tables: of one model, of all models, and the blocks of files they stand in."""
