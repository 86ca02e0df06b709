"""What is declared: Pulumi resources and nothing that reads or writes by itself."""
