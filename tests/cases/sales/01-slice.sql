-- en: Slice: what was billed to places in China, by product category
-- zh: 切片：账单地点在中国的销售，按产品类别
select coalesce(no_product, category), sum(revenue_e4) as revenue__e4, sum(cost_e4) as cost__e4,
       sum(discount_e4) as discount__e4, sum(revenue_e4) - sum(cost_e4) as margin__e4, count(*)
from sales where country = 'China'
group by no_product, product_group, category
