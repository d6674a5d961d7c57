"""Forms: validate submitted text and turn it into values, with a message for each error."""
