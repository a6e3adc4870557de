"""What every function of wecelebrate stands on."""
