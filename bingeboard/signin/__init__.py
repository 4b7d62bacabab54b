"""How people sign in: sessions and their tokens, locks against guessing, and the tokens of an outside provider."""
