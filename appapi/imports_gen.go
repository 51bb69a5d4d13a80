// Code generated from spec/appapi.txt and spec/facts by internal/gen. DO NOT EDIT.

package appapi

import (
	"context"
	"time"
)

// Imports gives access to imports of files.
type Imports struct{ client *Client }

// Imports gives access to imports of files.
func (c *Client) Imports() Imports { return Imports{c} }

// Start makes Customer.io import the file at a URL.
func (r Imports) Start(ctx context.Context, file NewImport) (Import, error) {
	return one[Import](ctx, r.client, opImportsStart, nil, nil, wrapped("import", file))
}

// Get returns an import and its state.
func (r Imports) Get(ctx context.Context, importID ID) (Import, error) {
	return one[Import](ctx, r.client, opImportsGet, []string{string(importID)}, nil, nil)
}

// NewImport is what to import: a CSV file at a URL that Customer.io can reach.
type NewImport struct {
	ObjectTypeID  ID          `json:"object_type_id"`
	Type          ImportType  `json:"type" api:"required"`
	Name          string      `json:"name" api:"required"`
	DataFileURL   string      `json:"data_file_url" api:"required"`
	DataToProcess ImportScope `json:"data_to_process"`
	Description   string      `json:"description"`
	Identifier    string      `json:"identifier"`
}

// MarshalJSON writes the body of the request.
func (v NewImport) MarshalJSON() ([]byte, error) { return marshalBody(v) }

func (v NewImport) check() error {
	switch {
	case v.Type == "":
		return missing("NewImport.Type")
	case v.Name == "":
		return missing("NewImport.Name")
	case v.DataFileURL == "":
		return missing("NewImport.DataFileURL")
	}
	return nil
}

// Import is a file that Customer.io reads.
type Import struct {
	ID                 ID          `json:"id" api:"number"`
	ObjectTypeID       ID          `json:"object_type_id"`
	Type               ImportType  `json:"type"`
	Name               string      `json:"name"`
	CreatedAt          time.Time   `json:"created_at"`
	DataToProcess      ImportScope `json:"data_to_process"`
	Description        string      `json:"description"`
	Error              string      `json:"error"`
	ErrorDownloadURL   string      `json:"error_download_url"`
	ErrorExportID      ID          `json:"error_export_id" api:"number"`
	Identifier         string      `json:"identifier"`
	PeopleToProcess    ImportScope `json:"people_to_process"`
	RowsImported       int64       `json:"rows_imported"`
	RowsToImport       int64       `json:"rows_to_import"`
	State              ImportState `json:"state"`
	UpdatedAt          time.Time   `json:"updated_at"`
	WarningDownloadURL string      `json:"warning_download_url"`
	WarningExportID    ID          `json:"warning_export_id" api:"number"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *Import) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v Import) MarshalJSON() ([]byte, error) { return marshal(v) }

// ImportScope is the people that an import can change.
type ImportScope string

// The values of ImportScope in the API's document.
const (
	ImportScopeAll          ImportScope = "all"
	ImportScopeOnlyNew      ImportScope = "only_new"
	ImportScopeOnlyExisting ImportScope = "only_existing"
)

// ImportState is the state of an import.
type ImportState string

// The values of ImportState in the API's document.
const (
	ImportStatePreprocessing ImportState = "preprocessing"
	ImportStatePreprocessed  ImportState = "preprocessed"
	ImportStateValidating    ImportState = "validating"
	ImportStateValidated     ImportState = "validated"
	ImportStateImporting     ImportState = "importing"
	ImportStateImported      ImportState = "imported"
	ImportStateFailed        ImportState = "failed"
	ImportStateCanceled      ImportState = "canceled"
)

// ImportType is the contents of a file.
type ImportType string

// The values of ImportType in the API's document.
const (
	ImportTypePeople       ImportType = "people"
	ImportTypeEvent        ImportType = "event"
	ImportTypeRelationship ImportType = "relationship"
	ImportTypeObject       ImportType = "object"
)
