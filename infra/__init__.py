"""The infrastructure: the CDK app for AWS, the local cloud, the `wecelebrate` command and the benchmarks."""
