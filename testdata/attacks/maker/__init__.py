"""What makes the messages of testdata/attacks: nothing but Python's standard library."""
