"""What a study shows: its folder read, its figures, tables and sentences, its page, and two studies side by side."""
