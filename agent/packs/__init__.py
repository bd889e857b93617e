"""Evidence packs (E4): one file for one published number, with its inputs and the program that checks it."""
