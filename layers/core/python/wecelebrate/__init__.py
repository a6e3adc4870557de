"""The package that every Lambda function of wecelebrate uses."""
