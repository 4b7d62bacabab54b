"""What a browser is shown: the start page, what it offers to take along, and the demo page."""
