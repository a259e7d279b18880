"""The attacks, a file for each part of a message that they aim at."""
