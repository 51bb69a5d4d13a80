// Package spectest holds nothing but tests: they hold what the toolkit sends against Customer.io's own OpenAPI documents, with a validator
// for JSON Schema, which the root module does not depend on. Without the documents beside the repository, in ../shared, they skip.
package spectest
