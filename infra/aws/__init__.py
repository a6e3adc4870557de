"""The CDK stacks of the platform on AWS, and the constructs that they share."""
