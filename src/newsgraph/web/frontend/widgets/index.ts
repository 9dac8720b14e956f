// The widgets: `<script type="module" src=".../widgets/newsgraph.js">` defines their elements.

export {};
