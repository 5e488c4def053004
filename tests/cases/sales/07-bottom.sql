-- en: Bottom-N: the six products of two groups that sell least
-- zh: 末位排名：两个产品组中销量最低的六种产品
-- ordered
select product_id, sum(quantity_e4) as quantity__e4, sum(revenue_e4) as revenue__e4
from sales where product_group in ('Components', 'Software')
group by product_group, category, product_id order by sum(quantity_e4), product_group, category, product_id limit 6
