// Package handwritten answers the pages of the product without GraphQL: the best handler that we can
// write by hand for exactly these pages, and nothing else. The page benchmarks load it beside the
// product, because beating a weak peer would prove nothing.
//
// It follows the product's rules: the same token check, the same ownership predicate inside every
// statement, one REPEATABLE READ READ ONLY snapshot a page in one round trip, as many connections. What
// it leaves out is what a page does not need: it knows its columns, so it reads PostgreSQL's binary rows
// as they arrive and appends JSON to one buffer. A test asserts that its answer is the product's data,
// byte for byte.
//
// Another page is one more file with its Page, and its name in Pages.
package handwritten
