"""What an operator does with the platform on AWS: check an account, deploy, let the first admin in, and destroy."""
