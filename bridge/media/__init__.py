"""One file for each family of containers: does what it declares lie within the file?"""
