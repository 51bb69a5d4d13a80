// Package spectest holds nothing but tests: they hold what the toolkit sends against Customer.io's own OpenAPI documents, whose facts are in
// spec/facts, with a validator for JSON Schema, which the root module does not depend on.
package spectest
