"""Where uploads and results lie, behind one seam: a folder, or an object store."""
