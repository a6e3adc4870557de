"""Reads cells as people and ERP systems write them: numbers, prices with words beside them, texts and images."""
