package appapi

import (
	"context"
	"encoding/json"
)

// Workspace is one of an account.
type Workspace struct {
	ID   int64
	Name string
}

// Workspaces lists the workspaces of the key's account (listWorkspaces). The document of the API does not say which of them the key is of.
func (c *Client) Workspaces(ctx context.Context) ([]Workspace, error) {
	var answer struct {
		Workspaces []struct {
			ID   json.Number `json:"id"`
			Name string      `json:"name"`
		} `json:"workspaces"`
	}
	if err := c.get(ctx, "listWorkspaces", "/v1/workspaces", nil, &answer); err != nil {
		return nil, err
	}
	list := make([]Workspace, 0, len(answer.Workspaces))
	for _, w := range answer.Workspaces {
		id, _ := w.ID.Int64() // the document says that it is a whole number
		list = append(list, Workspace{id, w.Name})
	}
	return list, nil
}
