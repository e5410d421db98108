"""Mutation testing of the rules: do the tests notice when a line of the assessment or the readiness is changed?"""
