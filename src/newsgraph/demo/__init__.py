"""The demo newsroom: content written for it and a gentle simulation."""
