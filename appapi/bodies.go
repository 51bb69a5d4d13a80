package appapi

import "errors"

// marshalBody writes a request, unless its check finds an error.
func marshalBody(value any) ([]byte, error) {
	if c, ok := value.(checker); ok {
		if err := c.check(); err != nil {
			return nil, err
		}
	}
	return marshal(value)
}

func missing(field string) error { return errors.New(field + " is empty") }

// check requires that the request says whose deliveries are meant.
func (v DeliveryExport) check() error {
	named := 0
	for _, id := range []ID{v.NewsletterID, v.CampaignID, v.TransactionalID, v.ActionID} {
		if id != "" {
			named++
		}
	}
	if named != 1 {
		return errors.New("a DeliveryExport names one of NewsletterID, CampaignID, TransactionalID and ActionID")
	}
	return nil
}
