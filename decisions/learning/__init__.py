"""What is learned from the verdicts of people: how risky a decision is, and what a stated confidence is worth."""
