package main

import (
	"embed"
	"fmt"
	"io/fs"

	"purser/internal/cli"
	"purser/internal/httpapi"
)

// webFiles are the pages and what was built for them. `make web` builds them again; TestBuiltFiles
// fails when somebody changed a source and did not.
//
//go:embed web/pages/*.html web/dist/*.gz
var webFiles embed.FS

// documentFiles are what people read beside the schema, as it is in the source tree.
//
//go:embed docs/*.md docs/examples/*.graphql
var documentFiles embed.FS

// documents are the files of documentFiles that the first page links, without their texts.
var documents = []httpapi.Document{
	{Path: "architecture.md", Title: "Architecture", About: "one request followed from HTTP to the journal and back"},
	{Path: "ledger.md", Title: "Ledger", About: "accounts, postings and what always holds, for finance"},
	{Path: "operations.md", Title: "Operations", About: "running it: configuration, health, what to do when"},
	{Path: "examples/wallet-page.graphql", Title: "A wallet page", About: "everything above the fold in one request"},
	{Path: "examples/campaign-list.graphql", Title: "A list of campaigns", About: "figures, change and a month of days, for an advertiser"},
	{Path: "examples/spend-by-product.graphql", Title: "A question", About: "spend by product, for a product manager"},
	{Path: "examples/spend-connects.graphql", Title: "A spend", About: "a mutation with every failure a client expects"},
}

// newPages puts together what a browser is shown.
func newPages(parts cli.Parts) (*httpapi.Pages, error) {
	web, err := fs.Sub(webFiles, "web")
	if err != nil {
		return nil, fmt.Errorf("open the pages: %w", err)
	}
	pages := &httpapi.Pages{Web: web}
	for _, document := range documents {
		if document.Text, err = documentFiles.ReadFile("docs/" + document.Path); err != nil {
			return nil, fmt.Errorf("open a document: %w", err)
		}
		pages.Documents = append(pages.Documents, document)
	}
	if parts.PersonaToken != nil {
		pages.Personas = parts.Personas
		pages.PersonaToken = func(persona string) (httpapi.PersonaToken, error) {
			token, expiresAt, err := parts.PersonaToken(persona)
			return httpapi.PersonaToken{Token: token, ExpiresAt: expiresAt}, err
		}
	}
	return pages, nil
}
