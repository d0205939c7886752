"""What a DSL file is written with: kinds of items and views, raw elements, patches, files of the estate."""
