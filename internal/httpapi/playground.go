package httpapi

import (
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"time"
)

// pagePolicy is the Content-Security-Policy of every page: nothing from elsewhere, and no script that
// is not a file of ours. Styles may be inline because the editor writes them while it is used.
const pagePolicy = "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'unsafe-inline'; " +
	"font-src 'self' data:; img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"

// Pages are what a browser is shown: a first page at /, the playground, and documents.
type Pages struct {
	// Web holds the templates pages/start.html and pages/playground.html, and the built files
	// dist/*.gz, each gzipped.
	Web fs.FS
	// Documents are served below /docs/ and linked from the first page, in development only: they tell
	// as much as the schema does. Optional.
	Documents []Document
	// Personas are the callers in the menu of the playground. Without any, the page has a field for a
	// token instead.
	Personas []string
	// PersonaToken signs a token for one of Personas; required when there are any. Only development
	// may have them: NewHandler refuses it in production.
	PersonaToken func(persona string) (PersonaToken, error)
}

// PersonaToken is a short-lived token for a page of ours.
type PersonaToken struct {
	Token     string    `json:"token"`
	ExpiresAt time.Time `json:"expiresAt"`
}

// Document is a text that people read in the browser as it is.
type Document struct {
	// Path is its place below /docs/, such as architecture.md.
	Path string
	// Title and About are its line on the first page.
	Title, About string
	// Text is UTF-8.
	Text []byte
}

func (p *Pages) check(development bool) error {
	switch {
	case p.Web == nil:
		return errors.New("the files of the pages are missing")
	case len(p.Personas) > 0 && p.PersonaToken == nil:
		return errors.New("personas need somebody who signs their tokens")
	case p.PersonaToken != nil && !development:
		return errors.New("tokens for personas are for development only")
	}
	return nil
}

// addPages registers the routes of the pages. It returns an error when a template or a built file is
// missing or cannot be read.
func (s *server) addPages(mux *http.ServeMux) error {
	if err := s.Pages.check(s.Development); err != nil {
		return err
	}
	templates, err := template.ParseFS(s.Pages.Web, "pages/start.html", "pages/playground.html")
	if err != nil {
		return fmt.Errorf("parse pages: %w", err)
	}
	files, err := loadAssets(s.Pages.Web)
	if err != nil {
		return err
	}
	mux.HandleFunc("GET /{$}", s.startPage(templates.Lookup("start.html")))
	mux.HandleFunc("GET /playground", s.playgroundPage(templates.Lookup("playground.html")))
	mux.Handle("GET /playground/{$}", http.RedirectHandler("/playground", http.StatusPermanentRedirect))
	mux.Handle("GET /playground/assets/{name}", files)
	if s.Pages.PersonaToken != nil {
		mux.HandleFunc("POST /playground/token", s.personaToken)
	}
	if s.Development {
		for _, document := range s.Pages.Documents {
			mux.HandleFunc("GET /docs/"+document.Path, document.serve)
		}
	}
	return nil
}

// startPage shows what this is and where to go from here.
func (s *server) startPage(page *template.Template) http.HandlerFunc {
	content := struct {
		Development bool
		Docs        []Document
		Personas    []string
		Host        string
	}{Development: s.Development, Personas: s.Pages.Personas}
	if s.Development {
		content.Docs = s.Pages.Documents
	}
	return func(w http.ResponseWriter, r *http.Request) {
		shown := content
		shown.Host = r.Host
		s.show(w, r, page, shown)
	}
}

// playgroundPage shows GraphiQL. Its configuration is data in the page, never a script.
func (s *server) playgroundPage(page *template.Template) http.HandlerFunc {
	type configuration struct {
		Personas []string `json:"personas"`
	}
	content := struct{ Config configuration }{configuration{Personas: append([]string{}, s.Pages.Personas...)}}
	return func(w http.ResponseWriter, r *http.Request) { s.show(w, r, page, content) }
}

func (s *server) show(w http.ResponseWriter, r *http.Request, page *template.Template, content any) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	setPagePolicy(h)
	if err := page.Execute(w, content); err != nil {
		// Most likely the client went away; a page that cannot be shown at all fails its tests.
		s.Log.WarnContext(r.Context(), "page not shown", "page", page.Name(), "error", err)
	}
}

func (d *Document) serve(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	setPagePolicy(h)
	_, _ = w.Write(d.Text)
}

func setPagePolicy(h http.Header) {
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("Referrer-Policy", "no-referrer")
}
