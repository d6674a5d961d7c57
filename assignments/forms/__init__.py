"""Forms: turn submitted text into values, with an error message for each refusal."""
