"""Pure numpy/scipy: arrays in, arrays out. Imports neither Django nor Celery nor the rest of the house."""
