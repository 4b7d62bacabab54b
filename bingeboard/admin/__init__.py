"""What the admin pages of every app have in common: their bounds, their search, and how things are shown in them."""
