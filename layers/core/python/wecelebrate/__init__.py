"""The package that every function of wecelebrate uses."""
