"""Documents: bytes in, text and its blocks out, read in a process that can be killed.

parse      tells what the bytes are and reads them: text, Markdown, HTML, PDF, DOCX, …
reading    does so in a child with limits on time and memory
__main__   is that child; it imports no more than parsing needs
"""
