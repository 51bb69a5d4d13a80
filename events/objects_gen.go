// Code generated from spec/events.txt by internal/gen. DO NOT EDIT.

package events

import "github.com/ciokit/cio/internal/wire"

// Product is one product within a list, a cart or an order.
type Product struct {
	// The shop's identifier of the product.
	ProductID string `json:"product_id,omitempty"`
	// The stock keeping unit, if it differs from the product's identifier.
	SKU string `json:"sku,omitempty"`
	// The category that the shop files the product under.
	Category string `json:"category,omitempty"`
	// The product's name as shown to people.
	Name string `json:"name,omitempty"`
	// The maker's brand.
	Brand string `json:"brand,omitempty"`
	// The variant, such as a colour or a size.
	Variant string `json:"variant,omitempty"`
	// The price of one unit, in the currency of the event.
	Price *float64 `json:"price,omitempty"`
	// How many units.
	Quantity *int `json:"quantity,omitempty"`
	// The code of a coupon that applies only to this product.
	Coupon string `json:"coupon,omitempty"`
	// The product's place in the list in which it was seen.
	Position *float64 `json:"position,omitempty"`
	// The address of the product's page.
	URL string `json:"url,omitempty"`
	// The address of a picture of the product.
	ImageURL string `json:"image_url,omitempty"`
	// Other members, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

var productKeys = []string{"product_id", "sku", "category", "name", "brand", "variant", "price", "quantity", "coupon", "position", "url", "image_url"}

// AppendJSON appends the object. See the package comment for what is left out and what is an error.
func (e Product) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("product_id", e.ProductID)
	o.String("sku", e.SKU)
	o.String("category", e.Category)
	o.String("name", e.Name)
	o.String("brand", e.Brand)
	o.String("variant", e.Variant)
	o.Float("price", e.Price)
	o.Int("quantity", e.Quantity)
	o.String("coupon", e.Coupon)
	o.Float("position", e.Position)
	o.String("url", e.URL)
	o.String("image_url", e.ImageURL)
	o.Extra(e.Extra, productKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e Product) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// CartItem is one product of a shared cart, with only its identifier.
type CartItem struct {
	// The shop's identifier of the product.
	ProductID string `json:"product_id,omitempty"`
	// Other members, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

var cartItemKeys = []string{"product_id"}

// AppendJSON appends the object. See the package comment for what is left out and what is an error.
func (e CartItem) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("product_id", e.ProductID)
	o.Extra(e.Extra, cartItemKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e CartItem) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// Filter is one filter that narrows a list of products.
type Filter struct {
	// The criterion, such as department.
	Type string `json:"type,omitempty"`
	// The value that is kept, such as beauty.
	Value string `json:"value,omitempty"`
	// Other members, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

var filterKeys = []string{"type", "value"}

// AppendJSON appends the object. See the package comment for what is left out and what is an error.
func (e Filter) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("type", e.Type)
	o.String("value", e.Value)
	o.Extra(e.Extra, filterKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e Filter) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// Sort is one sort order of a list of products.
type Sort struct {
	// The criterion, such as price.
	Type string `json:"type,omitempty"`
	// The direction, such as descending.
	Value string `json:"value,omitempty"`
	// Other members, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

var sortKeys = []string{"type", "value"}

// AppendJSON appends the object. See the package comment for what is left out and what is an error.
func (e Sort) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("type", e.Type)
	o.String("value", e.Value)
	o.Extra(e.Extra, sortKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e Sort) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }
