"""The features of questions, a module each: how it is drawn by chance, and what it means in SQL."""
