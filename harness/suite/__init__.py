"""The suite language: YAML files in, validated suites and cases out."""
