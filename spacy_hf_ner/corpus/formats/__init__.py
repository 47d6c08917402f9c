"""One file for each format, each with one function that opens a corpus of that format as a Source."""
