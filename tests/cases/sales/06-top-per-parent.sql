-- en: Top-N: the two product categories with the highest revenue in each country
-- zh: 排名：各国销售额最高的两个产品类别
with sums as (
  select coalesce(country, '@not_given') as country, product_group, category, sum(revenue_e4) as revenue, count(*) as lines
  from sales where category is not null group by 1, 2, 3),
ranked as (
  select *, row_number() over (partition by country order by revenue desc, product_group, category) as place from sums)
select country, category, revenue as revenue__e4, lines from ranked where place <= 2
