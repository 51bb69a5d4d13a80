// Code generated from spec/events.txt by internal/gen. DO NOT EDIT.

package events

import "github.com/ciokit/cio/internal/wire"

// ProductsSearched reports that a person searched for products. On the wire it is "Products Searched".
type ProductsSearched struct {
	// What the person searched for.
	Query string `json:"query,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Products Searched".
func (ProductsSearched) EventName() string { return "Products Searched" }

var productsSearchedKeys = []string{"query"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e ProductsSearched) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("query", e.Query)
	o.Extra(e.Extra, productsSearchedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e ProductsSearched) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// ProductListViewed reports that a person saw a list of products. On the wire it is "Product List Viewed".
type ProductListViewed struct {
	// The identifier of the list.
	ListID string `json:"list_id,omitempty"`
	// The category that the list shows.
	Category string `json:"category,omitempty"`
	// The products, in the order in which they appear.
	Products []Product `json:"products,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Product List Viewed".
func (ProductListViewed) EventName() string { return "Product List Viewed" }

var productListViewedKeys = []string{"list_id", "category", "products"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e ProductListViewed) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("list_id", e.ListID)
	o.String("category", e.Category)
	wire.Objects(&o, "products", e.Products)
	o.Extra(e.Extra, productListViewedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e ProductListViewed) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// ProductListFiltered reports that a person narrowed or sorted a list of products. On the wire it is "Product List
// Filtered".
type ProductListFiltered struct {
	// The identifier of the list.
	ListID string `json:"list_id,omitempty"`
	// The category that the list shows.
	Category string `json:"category,omitempty"`
	// The products, in the order in which they appear.
	Products []Product `json:"products,omitempty"`
	// The filters in force.
	Filters []Filter `json:"filters,omitempty"`
	// The orders in force, the first one first.
	Sorts []Sort `json:"sorts,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Product List Filtered".
func (ProductListFiltered) EventName() string { return "Product List Filtered" }

var productListFilteredKeys = []string{"list_id", "category", "products", "filters", "sorts"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e ProductListFiltered) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("list_id", e.ListID)
	o.String("category", e.Category)
	wire.Objects(&o, "products", e.Products)
	wire.Objects(&o, "filters", e.Filters)
	wire.Objects(&o, "sorts", e.Sorts)
	o.Extra(e.Extra, productListFilteredKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e ProductListFiltered) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// PromotionViewed reports that a person saw a promotion. On the wire it is "Promotion Viewed".
type PromotionViewed struct {
	// The identifier of the promotion.
	PromotionID string `json:"promotion_id,omitempty"`
	// The identifier of the picture or text that was shown.
	Creative string `json:"creative,omitempty"`
	// The name of the promotion.
	Name string `json:"name,omitempty"`
	// The place on the page where it was shown, such as banner_slot_1.
	Position string `json:"position,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Promotion Viewed".
func (PromotionViewed) EventName() string { return "Promotion Viewed" }

var promotionViewedKeys = []string{"promotion_id", "creative", "name", "position"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e PromotionViewed) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("promotion_id", e.PromotionID)
	o.String("creative", e.Creative)
	o.String("name", e.Name)
	o.String("position", e.Position)
	o.Extra(e.Extra, promotionViewedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e PromotionViewed) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// PromotionClicked reports that a person clicked a promotion. On the wire it is "Promotion Clicked".
type PromotionClicked struct {
	// The identifier of the promotion.
	PromotionID string `json:"promotion_id,omitempty"`
	// The identifier of the picture or text that was shown.
	Creative string `json:"creative,omitempty"`
	// The name of the promotion.
	Name string `json:"name,omitempty"`
	// The place on the page where it was shown, such as banner_slot_1.
	Position string `json:"position,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Promotion Clicked".
func (PromotionClicked) EventName() string { return "Promotion Clicked" }

var promotionClickedKeys = []string{"promotion_id", "creative", "name", "position"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e PromotionClicked) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("promotion_id", e.PromotionID)
	o.String("creative", e.Creative)
	o.String("name", e.Name)
	o.String("position", e.Position)
	o.Extra(e.Extra, promotionClickedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e PromotionClicked) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// ProductClicked reports that a person clicked a product in a list. On the wire it is "Product Clicked".
type ProductClicked struct {
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
	// The currency of all amounts, as a three-letter ISO 4217 code.
	Currency string `json:"currency,omitempty"`
	// The price of all units together.
	Value *float64 `json:"value,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Product Clicked".
func (ProductClicked) EventName() string { return "Product Clicked" }

var productClickedKeys = []string{"product_id", "sku", "category", "name", "brand", "variant", "price", "quantity", "coupon", "position", "url", "image_url", "currency", "value"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e ProductClicked) AppendJSON(dst []byte) ([]byte, error) {
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
	o.String("currency", e.Currency)
	o.Float("value", e.Value)
	o.Extra(e.Extra, productClickedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e ProductClicked) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// ProductViewed reports that a person looked at the details of a product. On the wire it is "Product Viewed".
type ProductViewed struct {
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
	// The currency of all amounts, as a three-letter ISO 4217 code.
	Currency string `json:"currency,omitempty"`
	// The price of all units together.
	Value *float64 `json:"value,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Product Viewed".
func (ProductViewed) EventName() string { return "Product Viewed" }

var productViewedKeys = []string{"product_id", "sku", "category", "name", "brand", "variant", "price", "quantity", "coupon", "position", "url", "image_url", "currency", "value"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e ProductViewed) AppendJSON(dst []byte) ([]byte, error) {
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
	o.String("currency", e.Currency)
	o.Float("value", e.Value)
	o.Extra(e.Extra, productViewedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e ProductViewed) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// ProductAdded reports that a person put a product into their cart. On the wire it is "Product Added".
type ProductAdded struct {
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
	// The identifier of the cart.
	CartID string `json:"cart_id,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Product Added".
func (ProductAdded) EventName() string { return "Product Added" }

var productAddedKeys = []string{"product_id", "sku", "category", "name", "brand", "variant", "price", "quantity", "coupon", "position", "url", "image_url", "cart_id"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e ProductAdded) AppendJSON(dst []byte) ([]byte, error) {
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
	o.String("cart_id", e.CartID)
	o.Extra(e.Extra, productAddedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e ProductAdded) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// ProductRemoved reports that a person took a product out of their cart. On the wire it is "Product Removed".
type ProductRemoved struct {
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
	// The identifier of the cart.
	CartID string `json:"cart_id,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Product Removed".
func (ProductRemoved) EventName() string { return "Product Removed" }

var productRemovedKeys = []string{"product_id", "sku", "category", "name", "brand", "variant", "price", "quantity", "coupon", "position", "url", "image_url", "cart_id"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e ProductRemoved) AppendJSON(dst []byte) ([]byte, error) {
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
	o.String("cart_id", e.CartID)
	o.Extra(e.Extra, productRemovedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e ProductRemoved) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// CartViewed reports that a person looked at their cart. On the wire it is "Cart Viewed".
type CartViewed struct {
	// The identifier of the cart.
	CartID string `json:"cart_id,omitempty"`
	// The products, in the order in which they appear.
	Products []Product `json:"products,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Cart Viewed".
func (CartViewed) EventName() string { return "Cart Viewed" }

var cartViewedKeys = []string{"cart_id", "products"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e CartViewed) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("cart_id", e.CartID)
	wire.Objects(&o, "products", e.Products)
	o.Extra(e.Extra, cartViewedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e CartViewed) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// CheckoutStarted reports that a person began to check out. On the wire it is "Checkout Started".
type CheckoutStarted struct {
	// The identifier of the future order.
	OrderID string `json:"order_id,omitempty"`
	// The expected revenue after discounts and coupons.
	Value *float64 `json:"value,omitempty"`
	// The shop or channel that the sale belongs to, such as a marketplace.
	Affiliation string `json:"affiliation,omitempty"`
	// The revenue from the goods, before discounts and coupons, without shipping and tax.
	Revenue *float64 `json:"revenue,omitempty"`
	// The cost of shipping.
	Shipping *float64 `json:"shipping,omitempty"`
	// The tax.
	Tax *float64 `json:"tax,omitempty"`
	// All discounts together, as a positive amount.
	Discount *float64 `json:"discount,omitempty"`
	// The code of a coupon that applies to the whole order.
	Coupon string `json:"coupon,omitempty"`
	// The currency of all amounts, as a three-letter ISO 4217 code.
	Currency string `json:"currency,omitempty"`
	// The products, in the order in which they appear.
	Products []Product `json:"products,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Checkout Started".
func (CheckoutStarted) EventName() string { return "Checkout Started" }

var checkoutStartedKeys = []string{"order_id", "value", "affiliation", "revenue", "shipping", "tax", "discount", "coupon", "currency", "products"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e CheckoutStarted) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("order_id", e.OrderID)
	o.Float("value", e.Value)
	o.String("affiliation", e.Affiliation)
	o.Float("revenue", e.Revenue)
	o.Float("shipping", e.Shipping)
	o.Float("tax", e.Tax)
	o.Float("discount", e.Discount)
	o.String("coupon", e.Coupon)
	o.String("currency", e.Currency)
	wire.Objects(&o, "products", e.Products)
	o.Extra(e.Extra, checkoutStartedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e CheckoutStarted) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// CheckoutStepViewed reports that a person reached a step of the checkout. On the wire it is "Checkout Step Viewed".
type CheckoutStepViewed struct {
	// The identifier of the checkout, the same through all of its steps.
	CheckoutID string `json:"checkout_id,omitempty"`
	// The number of the step.
	Step *int `json:"step,omitempty"`
	// The way of shipping that the person chose.
	ShippingMethod string `json:"shipping_method,omitempty"`
	// The way of paying that the person chose.
	PaymentMethod string `json:"payment_method,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Checkout Step Viewed".
func (CheckoutStepViewed) EventName() string { return "Checkout Step Viewed" }

var checkoutStepViewedKeys = []string{"checkout_id", "step", "shipping_method", "payment_method"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e CheckoutStepViewed) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("checkout_id", e.CheckoutID)
	o.Int("step", e.Step)
	o.String("shipping_method", e.ShippingMethod)
	o.String("payment_method", e.PaymentMethod)
	o.Extra(e.Extra, checkoutStepViewedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e CheckoutStepViewed) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// CheckoutStepCompleted reports that a person finished a step of the checkout. On the wire it is "Checkout Step
// Completed".
type CheckoutStepCompleted struct {
	// The identifier of the checkout, the same through all of its steps.
	CheckoutID string `json:"checkout_id,omitempty"`
	// The number of the step.
	Step *int `json:"step,omitempty"`
	// The way of shipping that the person chose.
	ShippingMethod string `json:"shipping_method,omitempty"`
	// The way of paying that the person chose.
	PaymentMethod string `json:"payment_method,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Checkout Step Completed".
func (CheckoutStepCompleted) EventName() string { return "Checkout Step Completed" }

var checkoutStepCompletedKeys = []string{"checkout_id", "step", "shipping_method", "payment_method"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e CheckoutStepCompleted) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("checkout_id", e.CheckoutID)
	o.Int("step", e.Step)
	o.String("shipping_method", e.ShippingMethod)
	o.String("payment_method", e.PaymentMethod)
	o.Extra(e.Extra, checkoutStepCompletedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e CheckoutStepCompleted) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// PaymentInfoEntered reports that a person gave their payment details. On the wire it is "Payment Info Entered".
type PaymentInfoEntered struct {
	// The identifier of the checkout, the same through all of its steps.
	CheckoutID string `json:"checkout_id,omitempty"`
	// The number of the step.
	Step *int `json:"step,omitempty"`
	// The way of shipping that the person chose.
	ShippingMethod string `json:"shipping_method,omitempty"`
	// The way of paying that the person chose.
	PaymentMethod string `json:"payment_method,omitempty"`
	// The identifier of the order.
	OrderID string `json:"order_id,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Payment Info Entered".
func (PaymentInfoEntered) EventName() string { return "Payment Info Entered" }

var paymentInfoEnteredKeys = []string{"checkout_id", "step", "shipping_method", "payment_method", "order_id"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e PaymentInfoEntered) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("checkout_id", e.CheckoutID)
	o.Int("step", e.Step)
	o.String("shipping_method", e.ShippingMethod)
	o.String("payment_method", e.PaymentMethod)
	o.String("order_id", e.OrderID)
	o.Extra(e.Extra, paymentInfoEnteredKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e PaymentInfoEntered) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// OrderUpdated reports that a person changed an order. On the wire it is "Order Updated".
type OrderUpdated struct {
	// The identifier of the order.
	OrderID string `json:"order_id,omitempty"`
	// The shop or channel that the sale belongs to, such as a marketplace.
	Affiliation string `json:"affiliation,omitempty"`
	// The revenue from the goods, before discounts and coupons, without shipping and tax.
	Revenue *float64 `json:"revenue,omitempty"`
	// The cost of shipping.
	Shipping *float64 `json:"shipping,omitempty"`
	// The tax.
	Tax *float64 `json:"tax,omitempty"`
	// All discounts together, as a positive amount.
	Discount *float64 `json:"discount,omitempty"`
	// The code of a coupon that applies to the whole order.
	Coupon string `json:"coupon,omitempty"`
	// The currency of all amounts, as a three-letter ISO 4217 code.
	Currency string `json:"currency,omitempty"`
	// The products, in the order in which they appear.
	Products []Product `json:"products,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Order Updated".
func (OrderUpdated) EventName() string { return "Order Updated" }

var orderUpdatedKeys = []string{"order_id", "affiliation", "revenue", "shipping", "tax", "discount", "coupon", "currency", "products"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e OrderUpdated) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("order_id", e.OrderID)
	o.String("affiliation", e.Affiliation)
	o.Float("revenue", e.Revenue)
	o.Float("shipping", e.Shipping)
	o.Float("tax", e.Tax)
	o.Float("discount", e.Discount)
	o.String("coupon", e.Coupon)
	o.String("currency", e.Currency)
	wire.Objects(&o, "products", e.Products)
	o.Extra(e.Extra, orderUpdatedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e OrderUpdated) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// OrderCompleted reports that a person placed an order. On the wire it is "Order Completed".
type OrderCompleted struct {
	// The identifier of the order.
	OrderID string `json:"order_id,omitempty"`
	// The identifier of the checkout that led to it.
	CheckoutID string `json:"checkout_id,omitempty"`
	// The total that the person pays.
	Total *float64 `json:"total,omitempty"`
	// The price of the goods after discounts, before tax and shipping.
	Subtotal *float64 `json:"subtotal,omitempty"`
	// The shop or channel that the sale belongs to, such as a marketplace.
	Affiliation string `json:"affiliation,omitempty"`
	// The revenue from the goods, before discounts and coupons, without shipping and tax.
	Revenue *float64 `json:"revenue,omitempty"`
	// The cost of shipping.
	Shipping *float64 `json:"shipping,omitempty"`
	// The tax.
	Tax *float64 `json:"tax,omitempty"`
	// All discounts together, as a positive amount.
	Discount *float64 `json:"discount,omitempty"`
	// The code of a coupon that applies to the whole order.
	Coupon string `json:"coupon,omitempty"`
	// The currency of all amounts, as a three-letter ISO 4217 code.
	Currency string `json:"currency,omitempty"`
	// The products, in the order in which they appear.
	Products []Product `json:"products,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Order Completed".
func (OrderCompleted) EventName() string { return "Order Completed" }

var orderCompletedKeys = []string{"order_id", "checkout_id", "total", "subtotal", "affiliation", "revenue", "shipping", "tax", "discount", "coupon", "currency", "products"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e OrderCompleted) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("order_id", e.OrderID)
	o.String("checkout_id", e.CheckoutID)
	o.Float("total", e.Total)
	o.Float("subtotal", e.Subtotal)
	o.String("affiliation", e.Affiliation)
	o.Float("revenue", e.Revenue)
	o.Float("shipping", e.Shipping)
	o.Float("tax", e.Tax)
	o.Float("discount", e.Discount)
	o.String("coupon", e.Coupon)
	o.String("currency", e.Currency)
	wire.Objects(&o, "products", e.Products)
	o.Extra(e.Extra, orderCompletedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e OrderCompleted) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// OrderRefunded reports that an order was refunded, fully or partly. On the wire it is "Order Refunded".
//
// Products lists the refunded products.
type OrderRefunded struct {
	// The identifier of the order.
	OrderID string `json:"order_id,omitempty"`
	// The identifier of the checkout that led to it.
	CheckoutID string `json:"checkout_id,omitempty"`
	// The refunded amount.
	Total *float64 `json:"total,omitempty"`
	// The price of the goods after discounts, before tax and shipping.
	Subtotal *float64 `json:"subtotal,omitempty"`
	// The shop or channel that the sale belongs to, such as a marketplace.
	Affiliation string `json:"affiliation,omitempty"`
	// The revenue from the goods, before discounts and coupons, without shipping and tax.
	Revenue *float64 `json:"revenue,omitempty"`
	// The cost of shipping.
	Shipping *float64 `json:"shipping,omitempty"`
	// The tax.
	Tax *float64 `json:"tax,omitempty"`
	// All discounts together, as a positive amount.
	Discount *float64 `json:"discount,omitempty"`
	// The code of a coupon that applies to the whole order.
	Coupon string `json:"coupon,omitempty"`
	// The currency of all amounts, as a three-letter ISO 4217 code.
	Currency string `json:"currency,omitempty"`
	// The products, in the order in which they appear.
	Products []Product `json:"products,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Order Refunded".
func (OrderRefunded) EventName() string { return "Order Refunded" }

var orderRefundedKeys = []string{"order_id", "checkout_id", "total", "subtotal", "affiliation", "revenue", "shipping", "tax", "discount", "coupon", "currency", "products"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e OrderRefunded) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("order_id", e.OrderID)
	o.String("checkout_id", e.CheckoutID)
	o.Float("total", e.Total)
	o.Float("subtotal", e.Subtotal)
	o.String("affiliation", e.Affiliation)
	o.Float("revenue", e.Revenue)
	o.Float("shipping", e.Shipping)
	o.Float("tax", e.Tax)
	o.Float("discount", e.Discount)
	o.String("coupon", e.Coupon)
	o.String("currency", e.Currency)
	wire.Objects(&o, "products", e.Products)
	o.Extra(e.Extra, orderRefundedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e OrderRefunded) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// OrderCancelled reports that an order was cancelled. On the wire it is "Order Cancelled".
type OrderCancelled struct {
	// The identifier of the order.
	OrderID string `json:"order_id,omitempty"`
	// The amount of the order.
	Total *float64 `json:"total,omitempty"`
	// The shop or channel that the sale belongs to, such as a marketplace.
	Affiliation string `json:"affiliation,omitempty"`
	// The revenue from the goods, before discounts and coupons, without shipping and tax.
	Revenue *float64 `json:"revenue,omitempty"`
	// The cost of shipping.
	Shipping *float64 `json:"shipping,omitempty"`
	// The tax.
	Tax *float64 `json:"tax,omitempty"`
	// All discounts together, as a positive amount.
	Discount *float64 `json:"discount,omitempty"`
	// The code of a coupon that applies to the whole order.
	Coupon string `json:"coupon,omitempty"`
	// The currency of all amounts, as a three-letter ISO 4217 code.
	Currency string `json:"currency,omitempty"`
	// The products, in the order in which they appear.
	Products []Product `json:"products,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Order Cancelled".
func (OrderCancelled) EventName() string { return "Order Cancelled" }

var orderCancelledKeys = []string{"order_id", "total", "affiliation", "revenue", "shipping", "tax", "discount", "coupon", "currency", "products"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e OrderCancelled) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("order_id", e.OrderID)
	o.Float("total", e.Total)
	o.String("affiliation", e.Affiliation)
	o.Float("revenue", e.Revenue)
	o.Float("shipping", e.Shipping)
	o.Float("tax", e.Tax)
	o.Float("discount", e.Discount)
	o.String("coupon", e.Coupon)
	o.String("currency", e.Currency)
	wire.Objects(&o, "products", e.Products)
	o.Extra(e.Extra, orderCancelledKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e OrderCancelled) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// CouponEntered reports that a person typed in a coupon. On the wire it is "Coupon Entered".
type CouponEntered struct {
	// The order that the coupon was meant for.
	OrderID string `json:"order_id,omitempty"`
	// The cart that the coupon was meant for.
	CartID string `json:"cart_id,omitempty"`
	// The coupon's identifier.
	CouponID string `json:"coupon_id,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Coupon Entered".
func (CouponEntered) EventName() string { return "Coupon Entered" }

var couponEnteredKeys = []string{"order_id", "cart_id", "coupon_id"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e CouponEntered) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("order_id", e.OrderID)
	o.String("cart_id", e.CartID)
	o.String("coupon_id", e.CouponID)
	o.Extra(e.Extra, couponEnteredKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e CouponEntered) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// CouponApplied reports that a coupon was accepted. On the wire it is "Coupon Applied".
type CouponApplied struct {
	// The order that the coupon was meant for.
	OrderID string `json:"order_id,omitempty"`
	// The cart that the coupon was meant for.
	CartID string `json:"cart_id,omitempty"`
	// The coupon's identifier.
	CouponID string `json:"coupon_id,omitempty"`
	// The coupon's name.
	CouponName string `json:"coupon_name,omitempty"`
	// The amount that the coupon takes off the total, as a positive amount.
	Discount *float64 `json:"discount,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Coupon Applied".
func (CouponApplied) EventName() string { return "Coupon Applied" }

var couponAppliedKeys = []string{"order_id", "cart_id", "coupon_id", "coupon_name", "discount"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e CouponApplied) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("order_id", e.OrderID)
	o.String("cart_id", e.CartID)
	o.String("coupon_id", e.CouponID)
	o.String("coupon_name", e.CouponName)
	o.Float("discount", e.Discount)
	o.Extra(e.Extra, couponAppliedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e CouponApplied) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// CouponDenied reports that a coupon was refused. On the wire it is "Coupon Denied".
type CouponDenied struct {
	// The order that the coupon was meant for.
	OrderID string `json:"order_id,omitempty"`
	// The cart that the coupon was meant for.
	CartID string `json:"cart_id,omitempty"`
	// The coupon's identifier.
	CouponID string `json:"coupon_id,omitempty"`
	// The coupon's name.
	CouponName string `json:"coupon_name,omitempty"`
	// Why it was refused.
	Reason string `json:"reason,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Coupon Denied".
func (CouponDenied) EventName() string { return "Coupon Denied" }

var couponDeniedKeys = []string{"order_id", "cart_id", "coupon_id", "coupon_name", "reason"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e CouponDenied) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("order_id", e.OrderID)
	o.String("cart_id", e.CartID)
	o.String("coupon_id", e.CouponID)
	o.String("coupon_name", e.CouponName)
	o.String("reason", e.Reason)
	o.Extra(e.Extra, couponDeniedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e CouponDenied) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// CouponRemoved reports that a coupon was taken off a cart or an order. On the wire it is "Coupon Removed".
type CouponRemoved struct {
	// The order that the coupon was meant for.
	OrderID string `json:"order_id,omitempty"`
	// The cart that the coupon was meant for.
	CartID string `json:"cart_id,omitempty"`
	// The coupon's identifier.
	CouponID string `json:"coupon_id,omitempty"`
	// The coupon's name.
	CouponName string `json:"coupon_name,omitempty"`
	// The amount that the coupon took off the total, as a positive amount.
	Discount *float64 `json:"discount,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Coupon Removed".
func (CouponRemoved) EventName() string { return "Coupon Removed" }

var couponRemovedKeys = []string{"order_id", "cart_id", "coupon_id", "coupon_name", "discount"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e CouponRemoved) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("order_id", e.OrderID)
	o.String("cart_id", e.CartID)
	o.String("coupon_id", e.CouponID)
	o.String("coupon_name", e.CouponName)
	o.Float("discount", e.Discount)
	o.Extra(e.Extra, couponRemovedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e CouponRemoved) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// ProductAddedToWishlist reports that a person put a product on a wishlist. On the wire it is "Product Added to
// Wishlist".
type ProductAddedToWishlist struct {
	// The identifier of the wishlist.
	WishlistID string `json:"wishlist_id,omitempty"`
	// The name of the wishlist.
	WishlistName string `json:"wishlist_name,omitempty"`
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
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Product Added to Wishlist".
func (ProductAddedToWishlist) EventName() string { return "Product Added to Wishlist" }

var productAddedToWishlistKeys = []string{"wishlist_id", "wishlist_name", "product_id", "sku", "category", "name", "brand", "variant", "price", "quantity", "coupon", "position", "url", "image_url"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e ProductAddedToWishlist) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("wishlist_id", e.WishlistID)
	o.String("wishlist_name", e.WishlistName)
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
	o.Extra(e.Extra, productAddedToWishlistKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e ProductAddedToWishlist) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// ProductRemovedFromWishlist reports that a person took a product off a wishlist. On the wire it is "Product Removed
// from Wishlist".
type ProductRemovedFromWishlist struct {
	// The identifier of the wishlist.
	WishlistID string `json:"wishlist_id,omitempty"`
	// The name of the wishlist.
	WishlistName string `json:"wishlist_name,omitempty"`
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
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Product Removed from Wishlist".
func (ProductRemovedFromWishlist) EventName() string { return "Product Removed from Wishlist" }

var productRemovedFromWishlistKeys = []string{"wishlist_id", "wishlist_name", "product_id", "sku", "category", "name", "brand", "variant", "price", "quantity", "coupon", "position", "url", "image_url"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e ProductRemovedFromWishlist) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("wishlist_id", e.WishlistID)
	o.String("wishlist_name", e.WishlistName)
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
	o.Extra(e.Extra, productRemovedFromWishlistKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e ProductRemovedFromWishlist) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// WishlistProductAddedToCart reports that a person moved a product from a wishlist to their cart. On the wire it is
// "Wishlist Product Added to Cart".
type WishlistProductAddedToCart struct {
	// The identifier of the wishlist.
	WishlistID string `json:"wishlist_id,omitempty"`
	// The name of the wishlist.
	WishlistName string `json:"wishlist_name,omitempty"`
	// The identifier of the cart.
	CartID string `json:"cart_id,omitempty"`
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
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Wishlist Product Added to Cart".
func (WishlistProductAddedToCart) EventName() string { return "Wishlist Product Added to Cart" }

var wishlistProductAddedToCartKeys = []string{"wishlist_id", "wishlist_name", "cart_id", "product_id", "sku", "category", "name", "brand", "variant", "price", "quantity", "coupon", "position", "url", "image_url"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e WishlistProductAddedToCart) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("wishlist_id", e.WishlistID)
	o.String("wishlist_name", e.WishlistName)
	o.String("cart_id", e.CartID)
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
	o.Extra(e.Extra, wishlistProductAddedToCartKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e WishlistProductAddedToCart) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// ProductShared reports that a person shared a product with somebody. On the wire it is "Product Shared".
type ProductShared struct {
	// The channel of the sharing, such as email.
	ShareVia string `json:"share_via,omitempty"`
	// The message that the person wrote.
	ShareMessage string `json:"share_message,omitempty"`
	// The person it was shared with. Customer.io knows this name: if the event starts a campaign, the campaign sends to
	// this address instead.
	Recipient string `json:"recipient,omitempty"`
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
	// The price of one unit.
	Price *float64 `json:"price,omitempty"`
	// The address of the product's page.
	URL string `json:"url,omitempty"`
	// The address of a picture of the product.
	ImageURL string `json:"image_url,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Product Shared".
func (ProductShared) EventName() string { return "Product Shared" }

var productSharedKeys = []string{"share_via", "share_message", "recipient", "product_id", "sku", "category", "name", "brand", "variant", "price", "url", "image_url"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e ProductShared) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("share_via", e.ShareVia)
	o.String("share_message", e.ShareMessage)
	o.String("recipient", e.Recipient)
	o.String("product_id", e.ProductID)
	o.String("sku", e.SKU)
	o.String("category", e.Category)
	o.String("name", e.Name)
	o.String("brand", e.Brand)
	o.String("variant", e.Variant)
	o.Float("price", e.Price)
	o.String("url", e.URL)
	o.String("image_url", e.ImageURL)
	o.Extra(e.Extra, productSharedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e ProductShared) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// CartShared reports that a person shared their cart with somebody. On the wire it is "Cart Shared".
type CartShared struct {
	// The channel of the sharing, such as email.
	ShareVia string `json:"share_via,omitempty"`
	// The message that the person wrote.
	ShareMessage string `json:"share_message,omitempty"`
	// The person it was shared with. Customer.io knows this name: if the event starts a campaign, the campaign sends to
	// this address instead.
	Recipient string `json:"recipient,omitempty"`
	// The identifier of the cart.
	CartID string `json:"cart_id,omitempty"`
	// The products in it, with only their identifiers.
	Products []CartItem `json:"products,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Cart Shared".
func (CartShared) EventName() string { return "Cart Shared" }

var cartSharedKeys = []string{"share_via", "share_message", "recipient", "cart_id", "products"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e CartShared) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("share_via", e.ShareVia)
	o.String("share_message", e.ShareMessage)
	o.String("recipient", e.Recipient)
	o.String("cart_id", e.CartID)
	wire.Objects(&o, "products", e.Products)
	o.Extra(e.Extra, cartSharedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e CartShared) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// ProductReviewed reports that a person reviewed a product. On the wire it is "Product Reviewed".
type ProductReviewed struct {
	// The shop's identifier of the product.
	ProductID string `json:"product_id,omitempty"`
	// The identifier of the review.
	ReviewID string `json:"review_id,omitempty"`
	// What the person wrote.
	ReviewBody string `json:"review_body,omitempty"`
	// The rating on the shop's own scale.
	Rating *int `json:"rating,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Product Reviewed".
func (ProductReviewed) EventName() string { return "Product Reviewed" }

var productReviewedKeys = []string{"product_id", "review_id", "review_body", "rating"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e ProductReviewed) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("product_id", e.ProductID)
	o.String("review_id", e.ReviewID)
	o.String("review_body", e.ReviewBody)
	o.Int("rating", e.Rating)
	o.Extra(e.Extra, productReviewedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e ProductReviewed) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }
