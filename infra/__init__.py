"""The cloud of wecelebrate: on AWS (CDK) and on this machine (local)."""
