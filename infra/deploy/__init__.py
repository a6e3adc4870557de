"""The actions of an operator on AWS: check an account, deploy, create the first super admin, and destroy an
environment."""
